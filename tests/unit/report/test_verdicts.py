"""What is said against the linear probe of a compared row."""

import pytest

from tinyssl.report.verdicts import verdicts


def said(images: int = 10_000, *, trained: bool = True, **shares: float) -> list[str]:
    return list(verdicts(shares, images, trained=trained))


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ({"linear": 0.3, "majority": 0.1, "linear_random": 0.2, "linear_raw": 0.1}, []),
        ({"linear": 0.5, "majority": 0.495}, ["cannot be told from guessing: always answering the "
          "most frequent class is right in 49.50 %"]),
        ({"linear": 0.2, "linear_random": 0.3}, ["no better than the same backbone with random "
          "weights"]),
        ({"linear": 0.305, "linear_random": 0.3}, ["10,000 test images are too few to tell it from "
          "the same backbone with random weights"]),
        ({"linear": 0.2, "linear_raw": 0.2}, ["no better than logistic regression on the pixels"]),
        ({"linear_random": 0.3}, []),
    ],
)  # fmt: skip
def test_each_line_without_training_is_compared(figures, text):
    assert said(**figures) == text


def test_random_weights_need_not_beat_themselves() -> None:
    assert said(linear=0.3, linear_random=0.3, trained=False) == []
    assert said(linear=0.1, majority=0.1, trained=False) != []


def test_without_a_number_of_test_images_there_is_no_interval() -> None:
    assert said(0, linear=0.305, linear_random=0.3) == []
    assert said(0, linear=0.3, linear_random=0.3) != []
