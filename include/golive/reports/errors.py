"""Why a message was not delivered.

DeliveryError
├── RateLimited       Slack asks to wait; certainly not posted
├── MessageRefused    Slack will never take this message as it is
└── DeliveryUnknown   no answer, or none that says whether it was posted
"""

from golive.errors import DeliveryError


class RateLimited(DeliveryError):
    """``retry_after`` in whole seconds."""

    key = "reports.rate_limited"


class MessageRefused(DeliveryError):
    """``error`` is Slack's word, ``channel`` where it was to go."""

    key = "reports.message_refused"


class DeliveryUnknown(DeliveryError):
    """``cause`` in short text, without tokens."""

    key = "reports.delivery_unknown"
