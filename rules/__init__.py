"""What a submission is and what is wrong with it.

Nothing in this package touches a database, a queue or the web, and nothing here runs what a participant wrote:
files go in, values and findings come out.
"""
