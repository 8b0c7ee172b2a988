"""The upstream file and the choice of a server."""

import pytest

from golive_stack.balancer.upstreams import Pool, Server, Upstream, UpstreamInvalid, parse

FILE = """\
# written by a host command
upstream api {
    server 127.0.0.1:18080;
    server 127.0.0.1:18081 down;  # drained
}
"""


def test_a_file_becomes_a_value() -> None:
    """Servers come in order, with whether they are down; comments say nothing."""
    assert parse(FILE) == Upstream("api", (Server("127.0.0.1", 18080), Server("127.0.0.1", 18081, down=True)))


def test_an_empty_file_is_no_server() -> None:
    """A balancer that serves nothing yet is no error."""
    assert parse("# nothing\n") == Upstream("", ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("upstream api {", "ends inside"),
        ("upstream api { server 127.0.0.1:1 }", "expected ';'"),
        ("upstream api { server 127.0.0.1; }", "no IPv4 address"),
        ("upstream api { server example.com:80; }", "no IPv4 address"),
        ("upstream api { server 127.0.0.1:0; }", "no valid port"),
        ("upstream api { server 127.0.0.1:65536; }", "no valid port"),
        ("upstream api { server 127.0.0.1:80 weight=2; }", "expected ';'"),
        ("upstream api { listen 80; }", "expected 'server'"),
        ("upstream ../x { }", "no name"),
        ("server { }", "expected 'upstream'"),
        ("upstream a { } upstream b { }", "one upstream block"),
        ("upstream a { server 127.0.0.1:80; server 127.0.0.1:80 down; }", "named twice"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, why: str) -> None:
    """Every problem is told in words, and nothing is guessed."""
    with pytest.raises(UpstreamInvalid, match=why):
        parse(text)


def pool(*servers: Server) -> Pool:
    result = Pool()
    result.replace(Upstream("api", servers))
    return result


ONE, TWO = Server("127.0.0.1", 1), Server("127.0.0.1", 2)


def test_requests_are_spread_and_busy_servers_spared() -> None:
    """Equal servers take turns; one with fewer requests in flight comes first."""
    servers = pool(ONE, TWO)
    assert [servers.choose(frozenset(), 0) for _ in range(4)] == [ONE, TWO, ONE, TWO]
    servers.load(ONE).in_flight = 1
    assert [servers.choose(frozenset(), 0) for _ in range(2)] == [TWO, TWO]


def test_down_and_tried_servers_get_nothing() -> None:
    """A server that is down, or was tried for this request, is not chosen; without another there is none."""
    servers = pool(ONE, Server("127.0.0.1", 2, down=True))
    assert servers.choose(frozenset(), 0) == ONE
    assert servers.choose(frozenset({ONE.name}), 0) is None


def test_a_failed_server_is_the_last_resort_until_its_time_is_up() -> None:
    """A server that failed lately is avoided while there is another."""
    servers = pool(ONE, TWO)
    servers.load(ONE).failed_until = 10
    assert [servers.choose(frozenset(), 5) for _ in range(2)] == [TWO, TWO]
    assert servers.choose(frozenset({TWO.name}), 5) == ONE
    assert [servers.choose(frozenset(), 11) for _ in range(2)] == [TWO, ONE]


def test_a_server_taken_out_is_shown_until_it_has_drained() -> None:
    """After a reload the status still counts the requests of a server that the file no longer names."""
    servers = pool(ONE, TWO)
    servers.load(ONE).in_flight = 1
    servers.replace(Upstream("api", (TWO,)))
    rows = [
        {"server": TWO.name, "state": "up", "in_flight": 0},
        {"server": ONE.name, "state": "draining", "in_flight": 1},
    ]
    assert servers.status(0) == {"generation": 3, "upstream": "api", "servers": rows}
    servers.load(ONE).in_flight = 0
    assert servers.status(0)["servers"] == rows[:1]
