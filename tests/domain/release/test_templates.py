import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golive.release.errors import TemplateInvalid
from golive.release.templates import placeholders, render

names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
plain = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"))


def test_placeholders_are_filled_and_a_doubled_sign_is_itself():
    """Only @name@ is replaced; @@ gives one @."""
    assert render("a=@a@ mail=x@@y @a@@b@\n", {"a": "1", "b": "2"}) == "a=1 mail=x@y 12\n"


@pytest.mark.parametrize(
    ("template", "values", "key", "data"),
    [
        ("@a@", {}, "placeholder_unknown", {"name": "a"}),
        ("x", {"a": "1"}, "placeholder_unused", {"name": "a"}),
        ("x\ny @ z", {}, "placeholder_lone", {"line": 2}),
        ("@a", {"a": "1"}, "placeholder_lone", {"line": 1}),
        ("@A@", {"A": "1"}, "placeholder_lone", {"line": 1}),
        ("@a@", {"a": "1\n2"}, "placeholder_control", {"name": "a"}),
        ("@a@", {"a": "1\r2"}, "placeholder_control", {"name": "a"}),
        ("@a@", {"a": "\0"}, "placeholder_control", {"name": "a"}),
        ("@a@", {"a": "\x1b[0m"}, "placeholder_control", {"name": "a"}),
    ],
)
def test_a_template_that_does_not_fit_is_refused(template, values, key, data):
    """An unknown, unused or malformed name and a value that would add lines are errors, not guesses."""
    with pytest.raises(TemplateInvalid) as caught:
        render(template, values, "app.conf")
    assert (caught.value.data["source"], caught.value.data["problem"].key) == ("app.conf", key)
    assert caught.value.data["problem"].data == data


def test_no_message_shows_a_value():
    """A secret that cannot be put in is not told to anybody."""
    with pytest.raises(TemplateInvalid) as caught:
        render("@a@", {"a": "canary\n"})
    assert "canary" not in caught.value.message("ko") + caught.value.message("en") + repr(caught.value.data)


def test_placeholders_tell_where_they_stand():
    """Each name comes with the line of its first use."""
    assert placeholders("x\n@b@\n@a@ @b@") == {"b": 2, "a": 3}


@settings(deadline=None)
@given(st.dictionaries(names, plain, max_size=5))
def test_every_value_arrives_as_it_is(values):
    """Whatever a value holds, also signs and placeholders, it stands in the result unchanged and unread."""
    template = "\n".join(f"@@{name} = @{name}@" for name in values)
    assert render(template, values) == "\n".join(f"@{name} = {value}" for name, value in values.items())
