/** Going about a page by keyboard alone. */
import { expect, type Locator, type Page } from '@playwright/test';

/** Tabs until an element has the focus. Fails where it cannot be reached, or where the focus cannot be seen. */
export async function tabTo(page: Page, target: Locator, most = 80): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < most; presses++) {
    if (await target.evaluate(element => element === document.activeElement)) {
      await expect(target).toBeFocused();
      expect(await hasVisibleFocus(target), 'the focus can be seen').toBe(true);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`${target} was not reached with ${most} presses of Tab`);
}

/** The element itself, or something around it that stands for it, has an outline. */
async function hasVisibleFocus(target: Locator): Promise<boolean> {
  return target.evaluate(element => {
    const outlined = (style: CSSStyleDeclaration) =>
      (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none';
    for (let node: Element | null = element, up = 0; node && up < 4; node = node.parentElement, up++) {
      if (outlined(getComputedStyle(node)) || outlined(getComputedStyle(node, '::after'))) return true;
    }
    return false;
  });
}
