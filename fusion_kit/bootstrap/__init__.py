"""Wiring: what a project is made of, and where it lies."""

from fusion_kit.bootstrap.places import NoProject, find_project
from fusion_kit.bootstrap.project import Project, open_project
from fusion_kit.coordination.requests import StopSignal

__all__ = ["NoProject", "Project", "StopSignal", "find_project", "open_project"]
