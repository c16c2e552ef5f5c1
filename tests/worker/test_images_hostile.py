import pytest

import hostile_pictures

SEED = 20_261_128

pytestmark = pytest.mark.timeout(120)  # of a hundred and thirty files, beside whatever else the machine does


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What the pipeline says of each file."""
    return hostile_pictures.verdicts(SEED)


def test_every_hostile_file_is_a_picture_or_a_sentence(said: dict[str, str]) -> None:
    strange = {name: verdict for name, verdict in said.items() if not verdict.startswith("cannot read this picture: ")}
    assert set(strange.values()) == {"made"}


def test_a_corpus_of_one_seed_is_the_same_each_time() -> None:
    assert hostile_pictures.corpus(SEED) == hostile_pictures.corpus(SEED)


@pytest.mark.parametrize("name", ["nothing", "no picture", "svg", "svg with entities", "heic", "tiff", "postscript"])
def test_what_is_no_picture_is_called_so(said: dict[str, str], name: str) -> None:
    assert said[name] == "cannot read this picture: it is not a JPEG, PNG, WebP, GIF or AVIF"


@pytest.mark.parametrize("name", ["png of huge sides", "jpeg of huge sides", "gif of huge canvas", "pixel bomb"])
def test_a_bomb_of_pixels_is_refused_by_what_it_claims(said: dict[str, str], name: str) -> None:
    assert "megapixels" in said[name]


@pytest.mark.parametrize("name", ["profile bomb", "text bomb"])
def test_a_bomb_beside_the_pixels_is_refused(said: dict[str, str], name: str) -> None:
    assert "too large" in said[name]


@pytest.mark.parametrize("name", ["frames bomb of a gif", "frames bomb of a png"])
def test_a_bomb_of_frames_becomes_its_first_one(said: dict[str, str], name: str) -> None:
    assert said[name] == "made"


@pytest.mark.parametrize("name", ["page behind a gif", "zip behind a jpeg"])
def test_what_is_two_things_at_once_becomes_pixels(said: dict[str, str], name: str) -> None:
    assert said[name] == "made"
