"""The journal: who did what to the installation and its projects. (An "audit" here is a sample.)"""
