import unittest

from calculator import calculate, known


class TestOperations(unittest.TestCase):
    def test_every_operation_can_be_applied(self) -> None:
        for operation in known():
            with self.subTest(operation):
                self.assertIsInstance(calculate(6.0, operation, 3.0), float)

    def test_an_operation_that_nobody_has_written_is_named(self) -> None:
        with self.assertRaisesRegex(ValueError, "no operation 'guess'"):
            calculate(1, "guess", 2)


if __name__ == "__main__":
    unittest.main()
