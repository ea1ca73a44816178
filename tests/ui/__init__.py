"""Tests of the screen's side: keys, driver, app."""
