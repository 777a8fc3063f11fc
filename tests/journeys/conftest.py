"""Stories through the HTTP door of the run's one demo portal."""

from support.running_fixtures import portal, portal_url, run_folder, story

__all__ = ["portal", "portal_url", "run_folder", "story"]
