"""Questions of evaluation, one a file: what it needs, how it is measured, its rows and its part of the page."""
