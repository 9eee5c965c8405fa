-- The platform has taken a post and works on it, or it lies with its creator: each watched until there is more to say.
alter type delivery_stage add value 'processing' before 'done';
alter type delivery_stage add value 'with_creator' before 'done';
-- Its time passed while nothing ran.
alter type error_class add value 'missed';

-- A post that goes out at once becomes deliveries in the transaction that saves it. The web makes rows that wait, and no others:
-- what becomes of one is the worker's to say.
grant insert (id, workspace_id, post_id, post_version_id, account_id, platform, idempotency_key, next_attempt_at, due_at, created_at,
              updated_at) on deliveries to arctiv_app;
grant insert on post_skipped to arctiv_app;
