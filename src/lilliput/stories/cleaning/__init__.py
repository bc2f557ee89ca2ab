"""Cleaning: what is wrong with each story of a corpus, mended or removed, and said in a report.

Stories go by in chunks (`chunks`), each through the stages of one table (`stages`); what needs the whole
corpus, the duplicates, is found afterwards among small prints of the stories (`duplicates`). `run` ties it
together so that a killed run goes on where it was.
"""
