import unittest

from calculator import calculate


class TestAdd(unittest.TestCase):
    def test_two_and_three_are_five(self) -> None:
        self.assertEqual(calculate(2, "add", 3), 5)


if __name__ == "__main__":
    unittest.main()
