"""A small HTTP balancer, driven only by what its host's commands do, so that nginx can take its place.

``upstreams``: the file's language and the choice of a server; ``http``: heads and framing of HTTP/1.1;
``proxy``: one request from client to server and back; ``service``: the process; ``control``: the commands.
"""
