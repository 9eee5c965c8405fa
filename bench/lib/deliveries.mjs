/** Posts through the whole pipeline: saved over REST, selected, claimed, sent, accepted by the networks. */
import { setTimeout as pause } from 'node:timers/promises';

import { load, percentile } from './load.mjs';
import { published, publishedCount, tokenOfX } from './sandbox.mjs';

const isOfX = account => account.platform === 'twitter';

/**
 * Little to do: a post to all fifty accounts every two seconds. From the moment a post was saved (`created_at`) to the moment the
 * network's answer was there (`published_at`), milliseconds.
 */
export async function underLightLoad({ person, accounts, seconds }) {
  const targets = accounts.map(account => account.id);
  const before = await person.deliveries('success');
  const posts = [];
  const begun = Date.now();
  for (let turn = 0; Date.now() - begun < seconds * 1000; turn++) {
    posts.push(await person.publish(`Light ${turn}: a short text such as people write.`, targets));
    await pause(Math.max(0, begun + (turn + 1) * 2000 - Date.now()));
  }
  await person.untilDelivered(before + posts.length * targets.length, 60);
  const times = [];
  for (const post of posts) {
    const { data } = await person.get(`/api/content/${post.id}/deliveries?limit=100`);
    if (data.length !== targets.length) throw new Error(`a post to ${targets.length} accounts has ${data.length} deliveries`);
    for (const delivery of data)
      times.push({ platform: delivery.platform, ms: Date.parse(delivery.published_at) - Date.parse(post.created_at) });
  }
  const figures = list => ({ p50: percentile(list, 0.5), p99: percentile(list, 0.99), deliveries: list.length });
  const platforms = [...new Set(accounts.map(account => account.platform))].map(platform => [
    platform,
    figures(times.filter(one => one.platform === platform).map(one => one.ms)),
  ]);
  return { ...figures(times.map(one => one.ms)), accountsPerPost: targets.length, byPlatform: Object.fromEntries(platforms) };
}

/** Saves posts over a few connections, each to all accounts of Facebook and LinkedIn and one of X's. */
async function saveAll(person, targets, { posts, label }) {
  let next = 0;
  const saver = async () => {
    while (next < posts) {
      const turn = next++;
      await person.publish(`${label} ${turn}: a short text such as people write.`, targets(turn));
    }
  };
  await Promise.all(Array.from({ length: 4 }, saver));
}

/**
 * As much as it takes: from the first save to the last acceptance, by the networks' clock. How many posts make up about `seconds` is
 * found by a small run before. Every delivery must have arrived exactly once.
 */
export async function underFullLoad({ person, accounts, sandboxUrl, seconds, most, measured }) {
  const [ofX, others] = [accounts.filter(isOfX), accounts.filter(account => !isOfX(account))];
  const targets = turn => [...others, ofX[turn % ofX.length]].map(account => account.id);
  const perPost = others.length + 1;
  const burst = async (posts, label) => {
    const [before, successes] = [await publishedCount(sandboxUrl), await person.deliveries('success')];
    const begun = Date.now();
    await saveAll(person, targets, { posts, label });
    const saved = Date.now();
    await person.untilDelivered(successes + posts * perPost, 300);
    const arrived = (await published(sandboxUrl)).slice(before);
    const unique = new Set(arrived.map(post => `${post.platform} ${post.account} ${post.text}`));
    const wanted = posts * perPost;
    if (arrived.length !== wanted || unique.size !== wanted) {
      throw new Error(`${wanted} deliveries ended as ${arrived.length} posts at the networks, ${unique.size} of them different`);
    }
    const last = Math.max(...arrived.map(post => Date.parse(post.created_at)));
    return {
      posts,
      deliveries: wanted,
      seconds: (last - begun) / 1000,
      saving: (saved - begun) / 1000,
      perSecond: wanted / ((last - begun) / 1000),
    };
  };
  const trial = await burst(4, 'Trial');
  const posts = Math.min(most, Math.max(4, Math.round((trial.perSecond * seconds) / perPost)));
  const { value, ...cost } = await measured(() => burst(posts, 'Full'));
  return { ...value, accountsPerPost: perPost, cost };
}

/** What the simulated networks take from a bare client: posts to X by wrk, with nothing behind it. */
export async function ceiling({ sandboxUrl, account, seconds }) {
  const token = await tokenOfX(sandboxUrl, account.id);
  return load(`${sandboxUrl}/twitter/2/tweets`, {
    connections: 16,
    seconds,
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ text: 'A short text such as people write.' }),
  });
}
