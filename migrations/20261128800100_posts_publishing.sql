-- Posts on their way are few, and looked through every minute for those whose last delivery has ended unsaid.
create index posts_publishing_idx on posts (id) where status = 'publishing';
