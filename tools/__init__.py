"""Small programs for whoever works on Concord."""
