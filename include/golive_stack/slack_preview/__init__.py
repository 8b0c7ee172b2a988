"""A Slack for people who have none at hand: the Web API methods that Golive calls, and the channels as a page.

``python -m golive_stack.slack_preview --home DIR --port N [--channel NAME …]`` listens on loopback only,
keeps its channels in ``DIR/slack.sqlite`` and refuses what Slack refuses. For tests it can be told to fail:

    POST /preview/ratelimit {"count": 1, "retry_after": 2}   the next calls answer 429
    POST /preview/down      {"seconds": 3}                   every call answers 503
    POST /preview/drop      {"count": 1}                     the next posts take effect, unanswered
    POST /preview/archive   {"channel": "name"}              the channel takes no more messages
    POST /preview/clear     {}                               no messages, nothing archived, no trouble
"""
