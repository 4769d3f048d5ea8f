-- The task whose video, bought for another storyboard, serves this take, too; '': it has its own, or none.
ALTER TABLE takes ADD COLUMN reused TEXT NOT NULL DEFAULT '';
