-- The connection log is kept for two years; the sweep finds what is older.
create index connection_events_age_idx on connection_events (created_at);
