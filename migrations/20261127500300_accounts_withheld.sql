-- What an authorization brought less than it could have, for the page that the browser comes back to.
alter table oauth_states add column withheld jsonb;
grant update (withheld) on oauth_states to arctiv_app;
