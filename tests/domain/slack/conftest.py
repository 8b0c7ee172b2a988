from tests.domain.slack.running import own_preview, preview, shared_preview

__all__ = ["own_preview", "preview", "shared_preview"]
