"""Agents in containers, through the engine's API; no docker CLI processes."""

from qms_tui.runtime.docker.engine import Engine, connect
from qms_tui.runtime.docker.project_containers import ProjectContainers
from qms_tui.runtime.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime", "Engine", "ProjectContainers", "connect"]
