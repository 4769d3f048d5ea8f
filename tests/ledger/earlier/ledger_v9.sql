BEGIN TRANSACTION;
CREATE TABLE commands (
    id          INTEGER PRIMARY KEY,
    at          REAL NOT NULL,
    verb        TEXT NOT NULL,
    args        TEXT NOT NULL,
    result      TEXT,
    answered_at REAL
);
CREATE TABLE contents (
    content       TEXT NOT NULL,
    storyboard_id INTEGER NOT NULL REFERENCES storyboards (id),
    PRIMARY KEY (content, storyboard_id)
) WITHOUT ROWID;
INSERT INTO "contents" VALUES('content',1);
CREATE TABLE history (
    take_id    INTEGER NOT NULL REFERENCES takes (id),
    n          INTEGER NOT NULL,
    at         REAL NOT NULL,
    state      TEXT NOT NULL,
    note       TEXT NOT NULL,
    request_id TEXT NOT NULL,
    problem    TEXT,
    PRIMARY KEY (take_id, n)
) WITHOUT ROWID;
INSERT INTO "history" VALUES(1,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(2,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(2,2,1790000001.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(3,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(3,2,1790000002.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(3,3,1790000003.0,'unknown','lost','',NULL);
INSERT INTO "history" VALUES(4,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(4,2,1790000003.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(4,3,1790000004.0,'generating','accepted','',NULL);
INSERT INTO "history" VALUES(5,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(5,2,1790000004.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(5,3,1790000005.0,'generating','accepted','',NULL);
INSERT INTO "history" VALUES(5,4,1790000009.0,'downloading','ready','',NULL);
INSERT INTO "history" VALUES(6,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(6,2,1790000005.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(6,3,1790000006.0,'generating','accepted','',NULL);
INSERT INTO "history" VALUES(6,4,1790000009.0,'downloading','ready','',NULL);
INSERT INTO "history" VALUES(6,5,1790000020.0,'done','done','',NULL);
INSERT INTO "history" VALUES(7,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(7,2,1790000006.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(7,3,1790000007.0,'generating','accepted','',NULL);
INSERT INTO "history" VALUES(7,4,1790000030.0,'failed','failed','','{"code":"task.failed","message":"it failed","fix":"","params":{}}');
INSERT INTO "history" VALUES(8,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(8,2,1790000007.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(8,3,1790000008.0,'generating','accepted','',NULL);
INSERT INTO "history" VALUES(8,4,1790000030.0,'failed','failed','','{"code":"task.failed","message":"it failed","fix":"","params":{}}');
INSERT INTO "history" VALUES(8,5,1790000031.0,'queued','retry','',NULL);
INSERT INTO "history" VALUES(8,6,1790000032.0,'submitting','intent','',NULL);
INSERT INTO "history" VALUES(8,7,1790000033.0,'generating','accepted','',NULL);
INSERT INTO "history" VALUES(9,1,1790000000.0,'queued','wanted','',NULL);
INSERT INTO "history" VALUES(9,2,1790000000.0,'held','over budget','','{"code":"budget.day","message":"too dear","fix":"","params":{}}');
CREATE TABLE looks (
    take_id   INTEGER NOT NULL REFERENCES takes (id),
    remote_id TEXT NOT NULL,
    provider  TEXT NOT NULL,
    base_url  TEXT NOT NULL,
    account   TEXT NOT NULL,
    failed_at REAL NOT NULL,
    due_at    REAL NOT NULL,
    PRIMARY KEY (take_id, remote_id)
) WITHOUT ROWID;
INSERT INTO "looks" VALUES(7,'t7','sora_hk','https://a.example/v1','acc-a',1790000030.0,1790000090.0);
INSERT INTO "looks" VALUES(8,'t8','sora_hk','https://a.example/v1','acc-a',1790000030.0,1790000090.0);
CREATE TABLE memory (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO "memory" VALUES('ledger.epoch','1');
INSERT INTO "memory" VALUES('currency','"CNY"');
INSERT INTO "memory" VALUES('breaker','{"mode": "safe", "effective": 5, "errors": 3, "until": 1790000600.0}');
INSERT INTO "memory" VALUES('halt','{"code": "balance", "since": 1790000000.0, "until": 1790000060.0, "problem": "{\"code\":\"provider.balance\",\"message\":\"no money\",\"fix\":\"\",\"params\":{}}"}');
CREATE TABLE purchases (
    id         INTEGER PRIMARY KEY,
    take_id    INTEGER NOT NULL REFERENCES takes (id),
    remote_id  TEXT NOT NULL,
    estimate   INTEGER,                        -- the price at the intent; NULL: not known, or not sent from here
    cost       INTEGER,
    charged_at REAL                            -- when its cost counts as spent; NULL: it does not
, repeats INTEGER NOT NULL DEFAULT 0);
INSERT INTO "purchases" VALUES(1,2,'',300000,300000,1790000001.0,0);
INSERT INTO "purchases" VALUES(2,3,'',300000,300000,1790000002.0,0);
INSERT INTO "purchases" VALUES(3,4,'t4',300000,310000,1790000004.0,0);
INSERT INTO "purchases" VALUES(4,5,'t5',300000,310000,1790000005.0,0);
INSERT INTO "purchases" VALUES(5,6,'t6',300000,310000,1790000006.0,0);
INSERT INTO "purchases" VALUES(6,7,'t7',300000,310000,1790000007.0,0);
INSERT INTO "purchases" VALUES(7,8,'t8',300000,310000,1790000008.0,0);
INSERT INTO "purchases" VALUES(8,8,'t8b',300000,310000,1790000033.0,0);
CREATE TABLE roots (
    path       TEXT PRIMARY KEY,
    state      TEXT NOT NULL,
    device     TEXT NOT NULL,
    reason     TEXT,
    scanned_at REAL,
    active     INTEGER NOT NULL
);
CREATE TABLE spending (
    hour   INTEGER PRIMARY KEY,
    amount INTEGER NOT NULL
);
INSERT INTO "spending" VALUES(497222,2460000);
CREATE TABLE storyboards (
    id         INTEGER PRIMARY KEY,
    root       TEXT NOT NULL,
    path       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    content    TEXT NOT NULL,
    state      TEXT NOT NULL,
    problems   TEXT NOT NULL,
    segments   INTEGER NOT NULL,
    updated_at REAL NOT NULL,
    copy_of    TEXT NOT NULL,
    rules      TEXT NOT NULL
, mount TEXT NOT NULL DEFAULT '', disk TEXT NOT NULL DEFAULT '');
INSERT INTO "storyboards" VALUES(1,'/vault','/vault/film/storyboard.json',10,20,'content','ok','[]',0,0.0,'','','','');
CREATE TABLE takes (
    id            INTEGER PRIMARY KEY,
    storyboard_id INTEGER NOT NULL REFERENCES storyboards (id),
    root          TEXT NOT NULL,               -- always its storyboard's root; here for takes_due
    segment       INTEGER NOT NULL,
    take          INTEGER NOT NULL,
    fingerprint   TEXT NOT NULL,
    state         TEXT NOT NULL,
    output        TEXT NOT NULL,
    due_at        REAL NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,
    creates       INTEGER NOT NULL DEFAULT 0,
    claim         TEXT NOT NULL DEFAULT '',
    provider      TEXT NOT NULL DEFAULT '',
    base_url      TEXT NOT NULL DEFAULT '',
    account       TEXT NOT NULL DEFAULT '',
    remote_id     TEXT NOT NULL DEFAULT '',
    request_id    TEXT NOT NULL DEFAULT '',
    validator     TEXT NOT NULL DEFAULT '',
    cost          INTEGER,
    error         TEXT,
    created_at    REAL NOT NULL,
    updated_at    REAL NOT NULL,
    intent_at     REAL,
    accepted_at   REAL,
    finished_at   REAL,
    approved      INTEGER NOT NULL DEFAULT 0,
    extra         INTEGER NOT NULL DEFAULT 0,
    parked        INTEGER NOT NULL DEFAULT 0,
    request       TEXT NOT NULL                -- last: long prompts overflow the page
, watched REAL NOT NULL DEFAULT 0, wanted INTEGER NOT NULL DEFAULT 1, rebuy INTEGER NOT NULL DEFAULT 0, newer TEXT, repeats INTEGER NOT NULL DEFAULT 0, reused TEXT NOT NULL DEFAULT '');
INSERT INTO "takes" VALUES(1,1,'/vault',1,1,'dd4eb1911daf5dddd9e6958d6ae9794836cea8d84e8b1fc2b6725477072c7b8b','queued','/vault/film/storyboard_assets/Segment_1/1_v1_dd4eb191.mp4',1790000000.0,0,0,'','','','','','','',NULL,NULL,1790000000.0,1790000000.0,NULL,NULL,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 1", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(2,1,'/vault',2,1,'7fc01cae23e0fd86f4483d87ed6d9ff508e4c546a9a55bdfe17d7dc1e3fcb641','submitting','/vault/film/storyboard_assets/Segment_2/2_v1_7fc01cae.mp4',1790000000.0,0,1,'','sora_hk','https://a.example/v1','acc-a','','','',300000,NULL,1790000000.0,1790000001.0,1790000001.0,NULL,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 2", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(3,1,'/vault',3,1,'48d77bd4a949ff9ce3d92541eb0ceb7faaa856c808892487b19c8639ec2e9513','unknown','/vault/film/storyboard_assets/Segment_3/3_v1_48d77bd4.mp4',1790000000.0,0,1,'','sora_hk','https://a.example/v1','acc-a','','','',300000,NULL,1790000000.0,1790000003.0,1790000002.0,NULL,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 3", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(4,1,'/vault',4,1,'b07a3f8671ea0a80fcc18c4320724b3b40c6f60443cb4f6be561c74343683706','generating','/vault/film/storyboard_assets/Segment_4/4_v1_b07a3f86.mp4',1790000000.0,0,1,'','sora_hk','https://a.example/v1','acc-a','t4','','',310000,NULL,1790000000.0,1790000004.0,1790000003.0,1790000004.0,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 4", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(5,1,'/vault',5,1,'18d87c859c6b037c69cf7f08d1997baa7ecf7c09b35491947d18bf84f81f9645','downloading','/vault/film/storyboard_assets/Segment_5/5_v1_18d87c85.mp4',1790000000.0,0,1,'','sora_hk','https://a.example/v1','acc-a','t5','','',310000,NULL,1790000000.0,1790000009.0,1790000004.0,1790000005.0,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 5", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(6,1,'/vault',6,1,'57b23f0da3d3f8a70615c3eebaebbc6db17c49fee46bb46b542d464aaa5d1650','done','/vault/film/storyboard_assets/Segment_6/6_v1_57b23f0d.mp4',1790000000.0,0,1,'','sora_hk','https://a.example/v1','acc-a','t6','','',310000,NULL,1790000000.0,1790000020.0,1790000005.0,1790000006.0,1790000020.0,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 6", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(7,1,'/vault',7,1,'22f13d7d0d1381c34b24e3bb78a54c23c198219a658782d42e805dffc1d372da','failed','/vault/film/storyboard_assets/Segment_7/7_v1_22f13d7d.mp4',1790000000.0,0,1,'','sora_hk','https://a.example/v1','acc-a','t7','','',310000,'{"code":"task.failed","message":"it failed","fix":"","params":{}}',1790000000.0,1790000030.0,1790000006.0,1790000007.0,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 7", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(8,1,'/vault',8,1,'ffc4d59aac80a1b22cfcc08f558e5f691c92dc8b87315925fba62f1da6b01541','generating','/vault/film/storyboard_assets/Segment_8/8_v1_ffc4d59a.mp4',1790000000.0,0,2,'','sora_hk','https://b.example/v1','acc-b','t8b','','',310000,NULL,1790000000.0,1790000033.0,1790000032.0,1790000033.0,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 8", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
INSERT INTO "takes" VALUES(9,1,'/vault',9,1,'75eb21bf4f8187fb288f6fc67a5384cca884c5b0ba753a3eb282b3e1d7f30f5b','held','/vault/film/storyboard_assets/Segment_9/9_v1_75eb21bf.mp4',1790000000.0,0,0,'','','','','','','',NULL,'{"code":"budget.day","message":"too dear","fix":"","params":{}}',1790000000.0,1790000000.0,NULL,NULL,NULL,0,0,0,'{"image": "", "orientation": "horizontal", "pro": false, "prompt": "a cat 9", "seconds": 10, "image_path": ""}',0.0,1,0,NULL,0,'');
CREATE TABLE tally (
    root  TEXT NOT NULL,
    state TEXT NOT NULL,
    takes INTEGER NOT NULL,
    PRIMARY KEY (root, state)
) WITHOUT ROWID;
INSERT INTO "tally" VALUES('/vault','done',1);
INSERT INTO "tally" VALUES('/vault','downloading',1);
INSERT INTO "tally" VALUES('/vault','failed',1);
INSERT INTO "tally" VALUES('/vault','generating',2);
INSERT INTO "tally" VALUES('/vault','held',1);
INSERT INTO "tally" VALUES('/vault','queued',1);
INSERT INTO "tally" VALUES('/vault','submitting',1);
INSERT INTO "tally" VALUES('/vault','unknown',1);
CREATE UNIQUE INDEX storyboards_path ON storyboards (path) WHERE state <> 'gone';
CREATE INDEX storyboards_any_path ON storyboards (path);
CREATE INDEX storyboards_root ON storyboards (root);
CREATE INDEX storyboards_content ON storyboards (content);
CREATE UNIQUE INDEX takes_known ON takes (storyboard_id, segment, take, fingerprint);
CREATE INDEX takes_due ON takes (state, root, due_at, id)
    WHERE claim = '' AND state IN ('queued', 'held', 'submitting', 'unknown', 'generating', 'downloading');
CREATE INDEX takes_fingerprint ON takes (fingerprint);
CREATE INDEX takes_state ON takes (state);
CREATE INDEX takes_output ON takes (output);
CREATE INDEX takes_claimed ON takes (claim, state, root) WHERE claim <> '';
CREATE INDEX takes_parked ON takes (state, root) WHERE parked = 1;
CREATE INDEX purchases_take ON purchases (take_id);
CREATE INDEX purchases_remote ON purchases (remote_id) WHERE remote_id <> '';
CREATE TRIGGER tally_added AFTER INSERT ON takes BEGIN
    INSERT INTO tally (root, state, takes) VALUES (NEW.root, NEW.state, 1)
        ON CONFLICT (root, state) DO UPDATE SET takes = takes + 1;
END;
CREATE TRIGGER tally_moved AFTER UPDATE OF state, root ON takes
WHEN OLD.state <> NEW.state OR OLD.root <> NEW.root BEGIN
    UPDATE tally SET takes = takes - 1 WHERE root = OLD.root AND state = OLD.state;
    INSERT INTO tally (root, state, takes) VALUES (NEW.root, NEW.state, 1)
        ON CONFLICT (root, state) DO UPDATE SET takes = takes + 1;
END;
CREATE INDEX commands_waiting ON commands (id) WHERE result IS NULL;
CREATE INDEX contents_storyboard ON contents (storyboard_id);
CREATE INDEX looks_due ON looks (due_at);
CREATE INDEX takes_rebuy ON takes (state) WHERE rebuy = 1;
CREATE TRIGGER spending_added AFTER INSERT ON purchases WHEN NEW.charged_at IS NOT NULL BEGIN
    INSERT INTO spending (hour, amount)
        VALUES (CAST(NEW.charged_at AS INTEGER) / 3600, coalesce(NEW.cost, 0) * (1 + NEW.repeats))
        ON CONFLICT (hour) DO UPDATE SET amount = amount + excluded.amount;
END;
CREATE TRIGGER spending_changed AFTER UPDATE OF charged_at, cost, repeats ON purchases
WHEN OLD.charged_at IS NOT NEW.charged_at OR OLD.cost IS NOT NEW.cost OR OLD.repeats IS NOT NEW.repeats BEGIN
    UPDATE spending SET amount = amount - coalesce(OLD.cost, 0) * (1 + OLD.repeats)
        WHERE hour = CAST(OLD.charged_at AS INTEGER) / 3600;
    INSERT INTO spending (hour, amount)
        SELECT CAST(NEW.charged_at AS INTEGER) / 3600, coalesce(NEW.cost, 0) * (1 + NEW.repeats)
        WHERE NEW.charged_at IS NOT NULL
        ON CONFLICT (hour) DO UPDATE SET amount = amount + excluded.amount;
END;
CREATE INDEX purchases_charged ON purchases (charged_at, cost, repeats) WHERE charged_at IS NOT NULL;
COMMIT;
PRAGMA user_version = 9;
