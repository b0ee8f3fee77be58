"""The web: the webhook's receiver now; queue, public pages and login have their places here."""
