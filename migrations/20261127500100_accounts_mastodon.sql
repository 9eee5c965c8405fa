-- A platform more. Nothing in this transaction may use the new word yet, and nothing does.
alter type platform add value if not exists 'mastodon' after 'tiktok';
