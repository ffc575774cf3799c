"""How models are asked: one method is the only seam to any of them."""
