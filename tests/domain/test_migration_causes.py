"""What is shown of a server's error holds no value of a row."""

from golive.migration.causes import MASK, Cause


def test_values_in_a_message_are_masked_and_names_kept() -> None:
    """Quoted values go, even with quotes in them; the objects that the server names stay."""
    told = Cause("22P02", 'invalid input syntax for type integer: "a"b" 010"', (), "COPY t, line 3, column n")
    assert told.text() == f"[22P02] invalid input syntax for type integer: {MASK} COPY t, line 3, column n"
    broken = Cause("23514", 'new row for relation "t" violates check constraint "c"', ("public", "t", "c"), detail="x")
    assert broken.text() == '[23514] new row for relation "t" violates check constraint "c"'
    assert broken.text(public=True) == 'new row for relation "t" violates check constraint "c" x'


def test_what_a_function_raises_is_not_repeated() -> None:
    """Its words may be anything."""
    assert "010" not in Cause("P0001", "bad phone 010-1234-5678").text()


def test_other_errors_are_shown() -> None:
    """A missing table is named."""
    assert Cause("42P01", 'relation "t" does not exist', detail="d").text() == 'relation "t" does not exist'


def test_lost_sessions_and_passing_errors_are_told_apart() -> None:
    """A deadlock may be tried again; a refused value may not."""
    assert Cause("", "cut").lost
    assert Cause("57P01", "terminated").lost
    assert Cause("40P01", "deadlock").passing
    assert not Cause("40P01", "deadlock").lost
    assert not Cause("23505", "duplicate").passing
