from penchant.reporter import QUIET, Reporter


def test_a_quiet_reporter_takes_everything_and_says_nothing(capsys) -> None:
    reporter: Reporter = QUIET
    reporter.note("10 rows left out")
    with reporter.bar(2, "reading", later=True) as advance:
        advance(1)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
