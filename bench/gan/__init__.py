"""Backbone + recipe -> networks, and the adversarial loop that trains them."""
