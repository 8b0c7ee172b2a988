"""Which units change on the source, known from before the first chunk until the hand-over."""

from golive.migration.capture.begin import begin_capture, end_capture
from golive.migration.capture.log import relieve

__all__ = ["begin_capture", "end_capture", "relieve"]
