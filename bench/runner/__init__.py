"""Run spec -> record, and the sweep: an Optuna study that worker processes fill with records."""
