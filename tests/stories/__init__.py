"""Stories: the real fusion-kit as a process."""
