-- Claiming hops through the accounts that have waiting rows and takes each one's first: one step per account, however many rows wait.
create index deliveries_due_by_account_idx on deliveries (workspace_id, account_id, next_attempt_at, id) where status in ('pending', 'retried');
-- It went through the workspaces before, and read up to a thousand rows of each.
drop index deliveries_due_by_workspace_idx;
