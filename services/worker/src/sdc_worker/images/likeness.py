"""How like its source an encoded picture looks, as a number that follows SSIMULACRA 2, for a fraction of its price."""

from array import array
from collections.abc import Mapping

from PIL import Image, ImageMath

_BLOCK = 8
_SCALES = (1, 2, 4)
_WORST = 0.1
# Usual constants of SSIM for values up to 255: what a difference must exceed to be seen.
_C1, _C2 = 6.5025, 58.5225


def unlikeness(source: Image.Image, coded: Image.Image) -> float:
    """0 for the same picture, towards 1 for another one; both RGB and of one size.

    Structural similarity of brightness in blocks at three scales; blocks that came out worst count as much as all.
    """
    left, right = source.convert("L"), coded.convert("L")
    losses = [_loss(_reduced(left, scale), _reduced(right, scale)) for scale in _SCALES]
    return sum(losses) / len(losses)


def _reduced(pixels: Image.Image, scale: int) -> Image.Image:
    return pixels.reduce(scale) if scale > 1 and min(pixels.size) >= scale * _BLOCK else pixels


def _loss(left: Image.Image, right: Image.Image) -> float:
    a, b = left.convert("F"), right.convert("F")
    products = [ImageMath.lambda_eval(lambda of: of["x"] * of["y"], x=x, y=y) for x, y in ((a, a), (b, b), (a, b))]
    means = [each.reduce(_BLOCK) for each in (a, b, *products)]
    index = ImageMath.lambda_eval(_index, **dict(zip(("a", "b", "aa", "bb", "ab"), means, strict=True)))
    lost = sorted((1 - value for value in array("f", index.tobytes())), reverse=True)
    worst = lost[: max(1, round(len(lost) * _WORST))]
    return (sum(lost) / len(lost) + sum(worst) / len(worst)) / 2


def _index(of: Mapping[str, ImageMath._Operand]) -> ImageMath._Operand:
    a, b = of["a"], of["b"]
    both = a * b
    powers = a * a + b * b
    covariance = of["ab"] - both
    variances = of["aa"] + of["bb"] - powers
    return (both * 2 + _C1) * (covariance * 2 + _C2) / ((powers + _C1) * (variances + _C2))
