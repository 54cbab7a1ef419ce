"""Two programs run on exact numbers and compared without a tolerance."""
