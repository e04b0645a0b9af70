"""Tests of where files come from."""
