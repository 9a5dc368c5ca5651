"""What partners send back."""
