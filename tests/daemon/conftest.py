"""The same project as for the core."""

from __future__ import annotations

from tests.core.conftest import no_rounds, project

__all__ = ["no_rounds", "project"]
