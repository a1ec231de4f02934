"""What passes between the stages, and nothing that makes it: specs, plans, scores, files. No torch."""
