//! Users, groups and what is theirs, changed as people and the API do it. Which request asks for what is the routes'.

use anyhow::{Result, bail};

use super::{Refused, World, access::Level, directory::User, life::Millis};
use crate::databricks::scenario::{FileSetup, Principal, UserSetup};

impl World {
    /// Makes a user with a home folder, and tells its id.
    pub fn add_user(&mut self, name: &str) -> String {
        self.add_person(name, None, self.now)
    }

    pub(super) fn add_person(&mut self, name: &str, id: Option<String>, now: Millis) -> String {
        let id = self.directory.add_user(name, id);
        self.files.make_folder(&format!("/Users/{name}"), now);
        id
    }

    pub(super) fn add_user_of(&mut self, setup: &UserSetup, now: Millis) {
        if self.directory.user(&setup.name).is_none() {
            self.add_person(&setup.name, setup.id.clone(), now);
        }
        let name = setup.name.as_str();
        if let Some(user) = self.directory.users.iter_mut().find(|user| user.name.eq_ignore_ascii_case(name))
        {
            user.display = setup.display.clone().unwrap_or_else(|| user.display.clone());
            user.active = !setup.inactive;
            user.has_emails = !setup.without_emails;
            user.service_principal = setup.service_principal;
            user.entitlements.extend(setup.entitlements.iter().cloned());
            let id = user.id.clone();
            if setup.admin {
                self.directory.add_member("admins", &id);
            }
        }
    }

    /// Makes a group and tells its id.
    pub fn add_group(&mut self, name: &str) -> String {
        self.directory.add_group(name, None)
    }

    /// Puts a user (by address) or a group (by name) into a group. A user who is not there yet is made.
    pub fn add_member(&mut self, group: &str, member: &str) {
        self.join(group, member, self.now);
    }

    pub(super) fn join(&mut self, group: &str, member: &str, now: Millis) {
        let known = self.member_id(member);
        let id = known.unwrap_or_else(|| self.add_person(member, None, now));
        self.directory.add_member(group, &id);
    }

    /// Takes a user or a group out of a group.
    pub fn remove_member(&mut self, group: &str, member: &str) {
        let id = self.member_id(member);
        if let Some(group) = self.directory.group_mut(group) {
            group.members.retain(|own| Some(own) != id.as_ref());
        }
    }

    fn member_id(&self, name: &str) -> Option<String> {
        let user = self.directory.user(name).map(|user| user.id.clone());
        user.or_else(|| self.directory.group(name).map(|group| group.id.clone()))
    }

    /// The addresses of a group's users and the names of its groups, in the order in which they came.
    pub fn members(&self, group: &str) -> Vec<String> {
        let members = self.directory.group(group).map(|group| group.members.as_slice()).unwrap_or_default();
        let name = |id: &String| {
            let user = self.directory.user_by_id(id).map(|user| user.name.clone());
            user.or_else(|| self.directory.group_by_id(id).map(|group| group.name.clone()))
        };
        members.iter().filter_map(name).collect()
    }

    /// The addresses of all users, in the order in which they came. Service principals are none.
    pub fn users(&self) -> Vec<String> {
        let people = self.directory.users.iter().filter(|user| !user.service_principal);
        people.map(|user| user.name.clone()).collect()
    }

    /// The names of all groups, in the order in which they came.
    pub fn groups(&self) -> Vec<String> {
        self.directory.groups.iter().map(|group| group.name.clone()).collect()
    }

    /// What a user or a group is entitled to by itself.
    pub fn entitlements(&self, name: &str) -> Vec<String> {
        let user = self.directory.user(name).map(|user| &user.entitlements);
        let own = user.or_else(|| self.directory.group(name).map(|group| &group.entitlements));
        own.into_iter().flatten().cloned().collect()
    }

    /// Switches a user's account on or off.
    pub fn set_active(&mut self, user: &str, active: bool) {
        let known = self.directory.users.iter_mut().find(|own| own.name.eq_ignore_ascii_case(user));
        if let Some(user) = known {
            user.active = active;
        }
    }

    /// Deletes a user or a group, by name or id, with its memberships and grants. A home folder stays.
    pub fn delete_principal(&mut self, name_or_id: &str) {
        let id = self.member_id(name_or_id).unwrap_or_else(|| name_or_id.to_owned());
        let user = self.directory.user_by_id(&id).map(User::principal);
        let group = self.directory.group_by_id(&id).map(|group| Principal::Group(group.name.clone()));
        self.directory.remove(&id);
        for cluster in &mut self.clusters {
            cluster.acl.0.retain(|own, _| Some(own) != user.as_ref() && Some(own) != group.as_ref());
        }
    }

    /// The direct grants of a cluster, given by id or name.
    pub fn acl(&self, cluster: &str) -> Vec<(Principal, Level)> {
        let cluster = self.find(cluster).ok();
        cluster.into_iter().flat_map(|cluster| cluster.acl.0.clone()).collect()
    }

    /// What is granted to one principal directly.
    pub fn granted(&self, cluster: &str, principal: &Principal) -> Option<Level> {
        self.find(cluster).ok().and_then(|cluster| cluster.acl.0.get(principal).copied())
    }

    /// Grants something directly, or nothing any more.
    pub fn grant(
        &mut self,
        cluster: &str,
        principal: Principal,
        level: Option<Level>,
    ) -> Result<(), Refused> {
        let acl = &mut self.find_mut(cluster)?.acl.0;
        match level {
            Some(level) => acl.insert(principal, level),
            None => acl.remove(&principal),
        };
        Ok(())
    }

    /// A token, or a client's secret, is good for nothing any more.
    pub fn revoke_token(&mut self, token: &str) {
        self.tokens.revoke(token);
    }

    /// No token that a token endpoint issued is good any more.
    pub fn expire_issued_tokens(&mut self) {
        self.tokens.expire_issued();
    }

    /// Puts a folder, notebook or file into the workspace.
    pub fn add_file(&mut self, file: &FileSetup) -> Result<()> {
        self.add_file_at(file, self.now)
    }

    pub(super) fn add_file_at(&mut self, file: &FileSetup, now: Millis) -> Result<()> {
        let Some((folder, _)) = file.path.rsplit_once('/') else {
            bail!("a path begins with a slash");
        };
        if let Some(path) = self.files.make_folder(folder, now).filter(|_| !folder.is_empty()) {
            bail!("{path} is no folder");
        }
        let usual = if file.language.is_some() { "NOTEBOOK" } else { "FILE" };
        let object_type = file.object_type.as_deref().unwrap_or(usual);
        let bytes = file.text.clone().into_bytes();
        self.files.put(&file.path, object_type, file.language.as_deref(), bytes, now);
        Ok(())
    }

    /// All paths of the workspace, folders too, in their order.
    pub fn paths(&self) -> Vec<String> {
        self.files.paths().map(|(path, _)| path.to_owned()).collect()
    }

    /// What a notebook or file holds.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).map(|node| node.bytes.clone())
    }
}

impl User {
    /// As grants name it.
    pub(crate) fn principal(&self) -> Principal {
        if self.service_principal {
            Principal::ServicePrincipal(self.name.clone())
        } else {
            Principal::User(self.name.clone())
        }
    }
}
