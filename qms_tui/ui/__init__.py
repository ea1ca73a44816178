"""The screen: Textual's app, driver, panes and what lies over them."""
