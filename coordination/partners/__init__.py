"""Agencies, officers and destinations."""
