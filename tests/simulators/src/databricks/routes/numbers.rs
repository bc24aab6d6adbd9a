//! Whole numbers of 64 bits as text, which real answers do too. It knows them by the names of their keys.

use serde_json::Value;

use crate::exchange::Answer;

const LARGE: [&str; 13] = [
    "start_time",
    "end_time",
    "terminated_time",
    "last_restarted_time",
    "last_state_loss_time",
    "last_activity_time",
    "start_timestamp",
    "timestamp",
    "spark_context_id",
    "object_id",
    "size",
    "created_at",
    "modified_at",
];

/// The same answer with large numbers as text.
pub(super) fn as_text(answer: Answer) -> Answer {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return answer;
    };
    rewrite(&mut body);
    Answer { body: body.to_string().into(), ..answer }
}

fn rewrite(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if field.is_i64() && LARGE.contains(&key.as_str()) {
                    *field = field.to_string().into();
                }
                rewrite(field);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(rewrite),
        _ => {}
    }
}
