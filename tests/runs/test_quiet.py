from transformers.utils import logging

from penchant.runs.quiet import quiet_libraries


def test_bars_of_transformers_are_hidden_inside_and_restored_after(capsys) -> None:
    assert logging.is_progress_bar_enabled()
    with quiet_libraries():
        list(logging.tqdm(range(3), desc="hidden"))
    assert "hidden" not in capsys.readouterr().err
    assert logging.is_progress_bar_enabled()


def test_bars_that_were_hidden_before_stay_hidden() -> None:
    logging.disable_progress_bar()
    try:
        with quiet_libraries():
            pass
        assert not logging.is_progress_bar_enabled()
    finally:
        logging.enable_progress_bar()


def test_bars_of_datasets_are_hidden_inside_and_restored_after() -> None:
    from datasets.utils import are_progress_bars_disabled

    assert not are_progress_bars_disabled()
    with quiet_libraries():
        assert are_progress_bars_disabled()
    assert not are_progress_bars_disabled()
