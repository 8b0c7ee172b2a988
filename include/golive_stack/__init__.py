"""The embedded stack: what a laptop needs to run Golive for real, without root, Docker or a system service.

Tooling, not domain: it may import ``golive``; ``golive`` never imports it.
"""
