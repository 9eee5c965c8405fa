//! Whole lists from a port that gives them out in pages. Server only.

use domain::{Page, PageRequest, ServiceResult, page::MAX_LIMIT};
use std::future::Future;

/// As many accounts, or deliveries of one post, as a page takes in.
pub const WHOLE: usize = 1_000;

/// Everything of a list up to [`WHOLE`], page after page.
pub async fn whole<T, Fut>(fetch: impl Fn(PageRequest) -> Fut + Send + Sync) -> ServiceResult<Vec<T>>
where
    T: Send,
    Fut: Future<Output = ServiceResult<Page<T>>> + Send,
{
    let mut items = Vec::new();
    let mut request = PageRequest::first(MAX_LIMIT);
    loop {
        let page = fetch(request).await?;
        items.extend(page.items);
        match page.next_cursor {
            Some(cursor) if items.len() < WHOLE => {
                request = PageRequest { cursor: Some(cursor), ..PageRequest::first(MAX_LIMIT) };
            }
            _ => {
                items.truncate(WHOLE);
                return Ok(items);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    /// A list of the numbers below `total`, whose cursor is the next number.
    fn numbers(total: usize, request: PageRequest) -> std::future::Ready<ServiceResult<Page<usize>>> {
        let from: usize = request.cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let to = (from + usize::try_from(request.limit.unwrap()).unwrap()).min(total);
        std::future::ready(Ok(Page {
            items: (from..to).collect(),
            total: i64::try_from(total).unwrap(),
            limit: MAX_LIMIT,
            offset: 0,
            next_cursor: (to < total).then(|| to.to_string()),
        }))
    }

    fn of(total: usize) -> Vec<usize> {
        let mut all = pin!(whole(|request| numbers(total, request)));
        match all.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(all) => all.unwrap(),
            Poll::Pending => panic!("nothing here waits"),
        }
    }

    #[test]
    fn all_pages_in_order_and_not_without_end() {
        assert_eq!(of(0), Vec::<usize>::new());
        assert_eq!(of(100), (0..100).collect::<Vec<_>>());
        assert_eq!(of(250), (0..250).collect::<Vec<_>>());
        assert_eq!(of(5_000).len(), WHOLE);
    }
}
