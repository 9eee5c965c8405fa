-- The longest text that an account takes, as its platform counts, where that is not the platform's own limit: X takes more of accounts
-- that pay for it.
alter table accounts add column text_max integer constraint accounts_text_max_positive check (text_max > 0);

-- Whoever has the account before them sees it change.
drop trigger accounts_live_update on accounts;
create trigger accounts_live_update
  after update of status, is_active, display_name, text_max, token_expires_at, last_synced_at on accounts for each row
  when (old.status is distinct from new.status or old.is_active is distinct from new.is_active
        or old.display_name is distinct from new.display_name or old.text_max is distinct from new.text_max
        or old.last_synced_at is distinct from new.last_synced_at)
  execute function accounts_live();
