"""What the calculator promises."""
