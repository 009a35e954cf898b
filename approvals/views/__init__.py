"""The approvals pages: the queue, the decision page, the permanent record."""
