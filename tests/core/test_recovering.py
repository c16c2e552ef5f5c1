import os
from pathlib import Path

import pytest
from sdc_core import recovering
from sdc_core.errors import Conflict, Misconfigured
from sdc_core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a data folder that is not there yet."""
    return Settings(DATA_DIR=tmp_path / "data")


def test_several_serve_and_a_recovery_waits_for_the_last_of_them(settings: Settings) -> None:
    with recovering.serving(settings):
        with recovering.serving(settings), pytest.raises(Conflict, match="stop it first"), recovering.alone(settings):
            pass
        with pytest.raises(Conflict, match="stop it first"), recovering.alone(settings):
            pass
    with recovering.alone(settings):
        pass


def test_nobody_begins_to_serve_while_a_recovery_is_under_way_or_was_interrupted(settings: Settings) -> None:
    with recovering.alone(settings):
        recovering.begin(settings, 17)
        with pytest.raises(Conflict, match="a recovery is under way"), recovering.serving(settings):
            pass
    with pytest.raises(Conflict, match="a recovery was interrupted"), recovering.serving(settings):
        pass
    assert recovering.since_us(settings) == 17
    recovering.end(settings)
    with recovering.serving(settings):
        pass


def test_what_was_forked_serves_on_when_its_parent_is_gone(settings: Settings) -> None:
    reading, writing = os.pipe()
    with recovering.serving(settings):
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    with pytest.raises(Conflict), recovering.alone(settings):
        pass
    os.close(writing)
    assert os.waitpid(child, 0)[1] == 0
    os.close(reading)
    with recovering.alone(settings):
        pass


def test_a_data_folder_that_is_a_file_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    elsewhere = settings.model_copy(update={"DATA_DIR": tmp_path / "file"})
    with pytest.raises(Misconfigured, match="SDC_DATA_DIR"), recovering.serving(elsewhere):
        pass
