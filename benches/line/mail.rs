//! Documents of 1 KiB by reference.

use facteur::queue::{Outbound, Properties, topology};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::world::{ORGANIZATION, TYPES, UPLOADS, World, upload};

pub(crate) struct Mail<'a> {
    world: &'a World,
    lanes: Vec<String>,
    random: StdRng,
    uploads: Vec<(String, usize)>,
    run: String,
    count: usize,
}

const BODY_BYTES: usize = 1024;

impl<'a> Mail<'a> {
    pub(crate) fn new(world: &'a World, lanes: Vec<String>) -> Self {
        let uploads = (0..UPLOADS).map(upload);
        let uploads = uploads.map(|(digest, content)| (digest.to_string(), content.len()));
        Self {
            world,
            lanes,
            random: StdRng::seed_from_u64(7),
            uploads: uploads.collect(),
            run: uuid::Uuid::now_v7().simple().to_string(),
            count: 0,
        }
    }

    pub(crate) fn next(&mut self) -> Outbound {
        self.count += 1;
        let lane = self.lanes[self.count % self.lanes.len()].clone();
        let (digest, size) = &self.uploads[self.random.random_range(0..self.uploads.len())];
        let number = self.random.random_range(100_000..999_999);
        let mut publication = json!({
            "sender": { "eboxType": "enterprise", "enterpriseNumber": ORGANIZATION },
            "recipient": {
                "eboxType": "enterprise",
                "enterpriseNumber": self.world.company(self.random.random_range(0..self.world.enterprises)).to_string(),
            },
            "subject": { "fr": format!("Accusé de réception, 3e trimestre, n° {number}") },
            "senderApplicationId": lane,
            "messageTypeId": TYPES[self.random.random_range(0..TYPES.len())],
            "attachments": [{
                "httpPartName": "upfile1",
                "isMainContent": true,
                "fileName": format!("{number}.pdf"),
                "mediaType": "application/pdf",
                "content": { "sha256": digest, "size": size },
            }],
            "businessDataList": [
                { "key": "BUSINESS_DOMAIN", "values": [{ "fr": "SOCIAL_SECURITY" }] },
                { "key": "FOR_ACTION_DUE_DATE", "values": [{ "fr": "2026-12-31" }] },
            ],
            "bodyContent": { "fr": "" },
        });
        let missing = BODY_BYTES.saturating_sub(publication.to_string().len());
        publication["bodyContent"]["fr"] = json!("x".repeat(missing.max(1)));
        Outbound {
            exchange: topology::EXCHANGE_DOCUMENTS.into(),
            routing_key: lane.clone(),
            body: publication.to_string().into(),
            properties: Properties {
                message_id: Some(format!("{}-{}", self.run, self.count)),
                app_id: Some(lane),
                user_id: Some("guest".into()),
                content_type: Some("application/json".into()),
                published_us: None,
            },
        }
    }
}
